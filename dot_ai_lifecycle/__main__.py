"""`python -m dot_ai_lifecycle` is `dot-ai`."""

from dot_ai_lifecycle.main import main

if __name__ == "__main__":
    main()
