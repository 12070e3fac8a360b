"""Files in and out: registers, spreadsheets, the project document."""
