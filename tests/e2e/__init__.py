"""Real pages in a real browser, with real processes behind them; left out where no Chromium is found."""
