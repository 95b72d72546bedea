"""Serving: what a finished run gives people. The report, the search index, export to ONNX, and runs beside each other."""

from selflearn.serving.compare import compare
from selflearn.serving.contact import contact_sheet
from selflearn.serving.export import ExportReport, export_onnx
from selflearn.serving.report import ReportContents, write_report
from selflearn.serving.runs import export_run, report_run, search_run, words_of
from selflearn.serving.search import SearchIndex

__all__ = [
    "ExportReport",
    "ReportContents",
    "SearchIndex",
    "compare",
    "contact_sheet",
    "export_onnx",
    "export_run",
    "report_run",
    "search_run",
    "words_of",
    "write_report",
]
