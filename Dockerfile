# One server of Lifecycle. Nothing in it is written to: run it with a read-only root, as compose.yaml does.
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp

WORKDIR /opt/lifecycle
COPY requirements.txt constraints.txt ./
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --no-compile -r requirements.txt -c constraints.txt \
    && useradd --system --uid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin lifecycle \
    && install -d -o lifecycle -g lifecycle -m 700 /var/lib/lifecycle

COPY .streamlit ./.streamlit
COPY data ./data
COPY lifecycle ./lifecycle
COPY pages ./pages
COPY app.py LICENSE ./

USER 10001
VOLUME /var/lib/lifecycle
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD \
    [".venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8501') + '/readyz', timeout=4)"]
CMD [".venv/bin/python", "app.py"]
