"""What Streamlit runs for each look at the dashboard: ``olist dashboard`` starts it."""

from dashboard.frame import main

main()
