"""A lake on S3 or what speaks its language, by the usual AWS environment."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody

from loaders.errors import LoaderError
from loaders.lake.s3_errors import code_of, told

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

_TAKEN = {"PreconditionFailed", "412"}
_NOT_FOUND = {"NoSuchKey", "404", "NotFound"}
_UNKNOWN_CONDITION = {"NotImplemented", "501"}
_AT_ONCE = 256 << 20  # bytes of the largest object that is sent in one request
_PART = 16 << 20  # bytes of a part held in memory; S3 allows 10,000 parts


class S3Store:
    """Objects under a bucket's prefix; see ``Store``."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self.location = f"s3://{bucket}/{prefix}".rstrip("/")
        with told(self.location):
            # Addresses of hosts that name an endpoint are path-style by boto3's own rule.
            self._client = boto3.session.Session().client("s3", config=Config(connect_timeout=10))

    def keys(self, under: str = "", *, deep: bool = True) -> Iterator[str]:
        """Keys that begin with ``under``, in their order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + under, Delimiter="" if deep else "/"
        )
        with told(self.location):
            for page in pages:
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):  # what consoles make to show a folder
                        yield found["Key"].removeprefix(self._prefix)

    def size(self, key: str) -> int | None:
        """Bytes of an object, None when it is not there."""
        with told(self.location):
            try:
                return self._client.head_object(**self._at(key))["ContentLength"]
            except ClientError as error:
                if code_of(error) in _NOT_FOUND:
                    return None
                raise

    def open(self, key: str) -> IO[bytes]:
        """Open an object for reading."""
        where = f"{self.location}/{key}"
        with told(where):
            body = self._client.get_object(**self._at(key))["Body"]
        return io.BufferedReader(_Body(where, body), 1 << 20)

    def put(self, key: str, file: Path) -> bool:
        """Write an object in one request, or in parts that become it all at once."""
        with told(f"{self.location}/{key}"):
            try:
                self._send(key, file, {"IfNoneMatch": "*"})
            except ClientError as error:
                if code_of(error) in _TAKEN:
                    return False
                if code_of(error) not in _UNKNOWN_CONDITION:
                    raise
                if self.size(key) is not None:
                    return False
                self._send(key, file, {})
        return True

    def tidy(self) -> None:
        """Abort uploads in parts that were never completed, where that is permitted."""
        old = datetime.now(UTC) - timedelta(days=1)
        try:
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            for page in pages:
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < old:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                        )
        except (ClientError, BotoCoreError):
            return  # a right that archiving itself does not need

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _send(self, key: str, file: Path, condition: dict[str, Any]) -> None:
        size = file.stat().st_size
        with file.open("rb") as stream:
            if size <= _AT_ONCE:
                self._client.put_object(**self._at(key), Body=stream, **condition)
            else:
                self._send_parts(key, stream, max(_PART, size // 9_000), condition)

    def _send_parts(
        self, key: str, stream: IO[bytes], length: int, condition: dict[str, Any]
    ) -> None:
        upload = self._client.create_multipart_upload(**self._at(key))
        begun = {**self._at(key), "UploadId": upload["UploadId"]}
        parts: list[CompletedPartTypeDef] = []
        try:
            while block := stream.read(length):
                number = len(parts) + 1
                sent = self._client.upload_part(**begun, PartNumber=number, Body=block)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            self._client.complete_multipart_upload(
                **begun, MultipartUpload={"Parts": parts}, **condition
            )
        except BaseException:
            self._client.abort_multipart_upload(**begun)
            raise


class _Body(io.RawIOBase):
    """An object's bytes, whose interruption is told in a sentence."""

    def __init__(self, where: str, body: StreamingBody) -> None:
        self._where = where
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        try:
            with told(self._where):
                block = self._body.read(len(view))
        except OSError as error:
            raise LoaderError(f"{self._where}: reading stopped ({error}); try again.") from error
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._body.close()
        super().close()
