"""Serves app.py with uvicorn."""
import uvicorn

from runner import settings

if __name__ == "__main__":
    uvicorn.run(
        "app:app", host="127.0.0.1", port=settings.port, workers=settings.workers, log_level="warning", access_log=False
    )
