"""Writes to a tracking server with MLflow's own client: a line of JSON in, what was made as a line of JSON out.

Run by tests/tracking.py with the python of the environment that has MLflow.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric


def write(client: MlflowClient, what: dict[str, Any]) -> str:
    match what["do"]:
        case "experiment":
            return str(client.create_experiment(what["name"]))
        case "run":
            return str(client.create_run(what["experiment_id"]).info.run_id)
        case "log":
            metrics = [Metric(what["metric"], value, at, step) for step, at, value in what["entries"]]
            client.log_batch(what["run_id"], metrics)
        case "model":
            client.create_registered_model(what["name"])
            client.create_model_version(what["name"], "s3://models/here", run_id=what["run_id"])
    return ""


if __name__ == "__main__":
    tracking = MlflowClient(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(write(tracking, json.loads(line))) + "\n")
        sys.stdout.flush()
