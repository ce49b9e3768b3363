"""The reference service: every pattern of FastAPI async processing, done right, a file a pattern."""
