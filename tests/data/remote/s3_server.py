"""Run by tests in a process of its own: an S3-compatible server on loopback with the files of a folder in it.

python s3_server.py PORT FOLDER: every file below FOLDER/BUCKET is an object of BUCKET, and is there again after a restart.
"""

import os
import sys
from pathlib import Path

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")

from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "123456789012"


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *args: object) -> None:
        pass


def main(port: int, folder: Path) -> None:
    backend = s3_backends[ACCOUNT]["aws"]
    for bucket in folder.iterdir():
        backend.create_bucket(bucket.name, "us-east-1")
        for path in sorted(bucket.rglob("*")):
            if path.is_file():
                backend.put_object(bucket.name, path.relative_to(bucket).as_posix(), path.read_bytes())
    server = make_server("127.0.0.1", port, DomainDispatcherApplication(create_backend_app), True, request_handler=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
