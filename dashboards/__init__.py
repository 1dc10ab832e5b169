"""The web page and the dashboards as code."""
