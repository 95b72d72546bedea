"""Prediction ahead: tokens have an order, and those to come must be told from those that came."""
