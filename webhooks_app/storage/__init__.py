"""What is kept: tables (`models`), their column types (`types`), ids (`ids`) and every SELECT (`queries`)."""
