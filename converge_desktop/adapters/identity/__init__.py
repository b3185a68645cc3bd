"""The people at this desk as the machine knows them: their keys, and where those lie."""
