"""Reports of a city for a period: factsheet and verification dossier as HTML, PDF, CSV and JSON."""
