"""The steps of the review, one entry point each."""
