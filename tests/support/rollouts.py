"""Apps that Argo Rollouts owns, for the embedded cluster and for a real one."""

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {plural: rollouts, singular: rollout, kind: Rollout, listKind: RolloutList, shortNames: [ro]}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.HPAReplicas}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
"""Enough of the definition to serve Rollouts; the real one comes with the real controller."""

_POD = """
      containers:
      - name: {name}
        image: box.local/{name}:v1
        ports: [{{containerPort: 8080, name: http}}]
        readinessProbe: {{httpGet: {{path: /ready, port: http}}, periodSeconds: 1}}
        lifecycle: {{preStop: {{sleep: {{seconds: 3}}}}}}
"""

_ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  strategy: {strategy}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:{pod}
"""

_SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {app}}}, ports: [{{port: 80, targetPort: http}}]}}
"""


def rollout(name: str, strategy: str, replicas: int = 4) -> str:
    """A Rollout of four pods with that strategy, in YAML's flow style."""
    return _ROLLOUT.format(name=name, strategy=strategy, replicas=replicas, pod=_POD.format(name=name))


def service(name: str, app: str) -> str:
    """A Service before the app."""
    return _SERVICE.format(name=name, app=app)


PAUSING = "{canary: {steps: [{setWeight: 25}, {pause: {}}, {setWeight: 50}, {pause: {duration: 30s}}]}}"
CANARY = "---".join((DEFINITION, rollout("api", PAUSING), service("api", "api")))
"""An app `api` whose canary pauses until somebody promotes, and once for 30 seconds."""

SWITCHED = "{blueGreen: {activeService: cart, previewService: cart-preview, autoPromotionEnabled: false}}"
BLUE_GREEN = "---".join(
    (DEFINITION, service("cart", "cart"), service("cart-preview", "cart"), rollout("cart", SWITCHED))
)
"""An app `cart` whose switch waits for somebody."""
