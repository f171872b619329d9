"""Generates all the text the embedded model learns from; nothing here is copied from anywhere."""
