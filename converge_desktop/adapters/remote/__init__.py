"""Models elsewhere, behind an address that speaks the OpenAI protocol."""
