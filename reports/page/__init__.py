"""HTML pages, Markdown and figures."""
