"""The shop's reviews: a service in another language, behind a sidecar. Standard library only."""

import json
import os
import signal
import sqlite3
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder = os.path.join(os.environ.get("DURE_DATA", ".dure"), "shop")
os.makedirs(folder, exist_ok=True)
database = sqlite3.connect(os.path.join(folder, "reviews.db"), check_same_thread=False)
database.execute("pragma journal_mode = wal")
database.execute(
    "create table if not exists reviews (product_id integer not null, member_id text not null, stars integer not null,"
    " text text not null, at text not null, primary key (product_id, member_id))")
database.commit()
lock = threading.Lock()

# How the platform's own problems name what these statuses mean, so that clients know them.
CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "NOT_FOUND", 503: "UNAVAILABLE"}


class Refusal(Exception):
    def __init__(self, status, detail, field=None):
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field


def product_exists(product_id, request_id):
    """Asks the products service, in the time and under the trace of the request that is being served."""
    request = urllib.request.Request(
        f"{os.environ['DURE_URL']}/call/products/get", json.dumps({"id": product_id}).encode(),
        {"Authorization": f"Bearer {os.environ['DURE_REQUEST_TOKEN']}", "Dure-Request": request_id})
    try:
        with urllib.request.urlopen(request):
            return True
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return False
        raise Refusal(503, "the products service cannot be asked now") from error


class Reviews(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(self.list_reviews)

    def do_POST(self):
        self.answer(self.add_review)

    def answer(self, work):
        try:
            status, value = work()
        except Refusal as refusal:
            status = refusal.status
            value = {"type": "about:blank", "status": status, "code": CODES[status], "title": "Refused", "detail": refusal.detail}
            if refusal.field:
                value["errors"] = [{"field": refusal.field, "message": refusal.detail}]
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def list_reviews(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        product_id = whole_number(query.get("productId", [""])[0], "productId", 1, 2**53)
        with lock:
            rows = database.execute(
                "select stars, text, at from reviews where product_id = ? order by at desc limit 50", (product_id,)).fetchall()
        return 200, {"items": [{"stars": stars, "text": text, "at": at} for stars, text, at in rows]}

    def add_review(self):
        member = json.loads(urllib.parse.unquote(self.headers.get("Dure-Principal", "null")))
        if member is None:
            raise Refusal(401, "sign in to write a review")
        try:
            review = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(review, dict):
            raise Refusal(400, "the body must be a JSON object")
        product_id = whole_number(review.get("productId"), "productId", 1, 2**53)
        stars = whole_number(review.get("stars"), "stars", 1, 5)
        text = review.get("text")
        if not isinstance(text, str) or not 0 < len(text) <= 2_000:
            raise Refusal(400, "text must have 1 to 2,000 characters", "text")
        if not product_exists(product_id, self.headers.get("Dure-Request", "")):
            raise Refusal(404, f"there is no product {product_id}")
        with lock:
            database.execute(
                "insert into reviews values (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ')) on conflict do update"
                " set stars = excluded.stars, text = excluded.text, at = excluded.at",
                (product_id, member["subject"], stars, text))
            database.commit()
        return 201, {"productId": product_id, "stars": stars, "text": text}

    def log_message(self, *_):
        """Every request is in the mesh's traces already."""


def whole_number(value, field, least, most):
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Refusal(400, f"{field} must be a whole number from {least} to {most}", field)
    return value


if __name__ == "__main__":
    # Ctrl-C goes to every program of a terminal; the sidecar ends this one when it is its turn.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Reviews).serve_forever()
