"""The errors a user can meet. Each message is one sentence: where, what is wrong, what is allowed, what to do."""


class ChorusError(Exception):
    """Base of every error that is reported as one line and exit status 1."""


class ConfigError(ChorusError):
    """The configuration is not usable."""


class FileError(ChorusError):
    """A file is missing, damaged, of another kind or of another version."""


class ModelError(ChorusError):
    """A body model or network file cannot be used."""


class QueryError(ChorusError):
    """A question to a distribution that it cannot answer."""


class MissingExtraError(ChorusError):
    """An optional package is needed and not installed."""


class ServiceError(ChorusError):
    """A server that was asked gave no usable answer."""


class DeclinedError(ServiceError):
    """A server will not answer this one question, whenever it is asked."""
