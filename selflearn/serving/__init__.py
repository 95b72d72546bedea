"""Serving: what a finished run gives people. The report, the search index, export to ONNX, and runs beside each other."""

from selflearn.serving.report import ReportContents, write_report

__all__ = ["ReportContents", "write_report"]
