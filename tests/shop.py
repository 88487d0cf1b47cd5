"""What does a shop look like that embeds the console? An ordinary Flask application, with one hook of its own.

`flask --app shop …` works in this folder's place; its database and keys stand in the folder it is given.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy

from webhooks_app import ModelHook, Webhooks, hooks, post_save

db = SQLAlchemy()


class Order(db.Model):
    """What the shop sells."""

    id = db.Column(db.Integer, primary_key=True)
    customer = db.Column(db.String(80), nullable=False)
    total = db.Column(db.Float, nullable=False)


class OrderHook(ModelHook):
    """An order was placed or changed."""

    name = "shop.order"
    model = Order
    signal = post_save
    provides_args = ("customer", "total")


def create_app(folder: str = ".") -> Flask:
    """The shop, its tables made."""
    place = Path(folder).absolute()
    app = Flask("shop", instance_path=str(place / "instance"))
    app.config.update(SECRET_KEY="a shop's own key", SQLALCHEMY_DATABASE_URI=f"sqlite:///{place}/shop.db")
    db.init_app(app)
    with app.app_context():
        db.create_all()

    @app.get("/")
    def front() -> str:
        return "Welcome to the shop."

    @app.post("/orders")
    def place_order() -> str:
        db.session.add(Order(customer=request.form["customer"], total=float(request.form["total"])))
        if "forget" not in request.form:
            db.session.commit()
        else:
            db.session.flush()
        return "Thank you."

    hooks.register(OrderHook)
    Webhooks(app, db=db, admin=lambda: request.cookies.get("staff") == "yes")
    return app
