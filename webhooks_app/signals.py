"""Which signals do we send? Two, of models that hooks watch; any other blinker signal serves a SignalHook.

    post_save    an object was inserted or updated by a flush that succeeded
    post_delete  an object was deleted by a flush that succeeded

The sender is the object's class. Receivers get `instance`, `created` (post_save only), `changes`
({"column": {"old": …, "new": …}}) and `session`, inside the flush: they may run Core statements on
`session.connection()`, but must not flush or commit. Both are sent for models of any session, whether or
not its transaction commits later: what is stored in that session then lives and dies with it.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

post_save = _signals.signal("post-save")
post_delete = _signals.signal("post-delete")
