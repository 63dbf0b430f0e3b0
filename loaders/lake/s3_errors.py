"""What S3 refuses, in one sentence that says what to do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from loaders.errors import LoaderError

_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or AWS_PROFILE"
_DENIED = (
    "the credentials in use lack a permission here; reading needs s3:GetObject and"
    " s3:ListBucket, archiving s3:PutObject too"
)
_WRONG_KEYS = f"the server does not accept these credentials; check {_KEYS}"
_CODES = {
    "NoSuchBucket": "there is no such bucket; make it first, or check name and endpoint",
    "NoSuchKey": "there is no such object",
    "404": "there is no such bucket or object; check name and endpoint",
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "403": _DENIED,
    "InvalidAccessKeyId": _WRONG_KEYS,
    "SignatureDoesNotMatch": _WRONG_KEYS,
    "AuthFailure": _WRONG_KEYS,
    "InvalidToken": _WRONG_KEYS,
    "ExpiredToken": "the session has expired; fetch new credentials, or log in again",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION to it",
    "AuthorizationHeaderMalformed": "the bucket is in another region; set AWS_REGION to it",
    "IllegalLocationConstraintException": "the bucket is in another region; set AWS_REGION to it",
    "InvalidBucketName": "this cannot be the name of a bucket; write s3://bucket/prefix/",
    "RequestTimeTooSkewed": "this machine's clock is wrong; set it",
    "SlowDown": "the server asks to slow down; try again later",
}


def code_of(error: ClientError) -> str:
    """Code that S3 gave, a status where an answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what boto3 raises into a LoaderError about ``where``, without a secret."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        raise LoaderError(f"{where}: {_sentence(error)}.") from error


def _sentence(error: Exception) -> str:
    if isinstance(error, ClientError):
        message = str(error.response.get("Error", {}).get("Message", "")).rstrip(".")
        code = code_of(error)
        return _CODES.get(code) or f"S3 answered {code}: {message or 'no reason given'}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"no AWS credentials were found; set {_KEYS}"
    if isinstance(error, ProfileNotFound):
        return f"{error}; check AWS_PROFILE and ~/.aws/config".replace("  ", " ")
    reason = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, ConnectionError | HTTPClientError):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        named = f"AWS_ENDPOINT_URL is {endpoint}" if endpoint else "no AWS_ENDPOINT_URL is set"
        return f"the server cannot be reached ({reason}); {named}"
    return f"S3 cannot be used: {reason}"
