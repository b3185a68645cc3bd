"""That what can be recalled has to be filled again, for those who hold no rows themselves."""


class TableBroken(Exception):
    """What can be recalled cannot be used as it lies there; it is to be filled again."""
