"""BentoML: POST /predict {"x": [[numbers]]} -> [[numbers]]. Becomes the server."""
import os
import sys

from runner import settings

os.environ.update(BENTOML_DO_NOT_TRACK="True", BENTOML_HOME=settings.folder)
os.chdir(os.path.dirname(__file__))
bentoml = os.path.join(os.path.dirname(sys.executable), "bentoml")
os.execv(bentoml, [bentoml, "serve", "service:Service", "--host", "127.0.0.1", "--port", str(settings.port)])
