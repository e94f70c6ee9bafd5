"""What a pod template names, and how badly its pods want it."""

from dot_ai_lifecycle.core.needs import Need, needs

CONTAINER = {
    "name": "web",
    "env": [
        {"name": "PLAIN", "value": "x"},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
        {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password", "optional": True}}},
    ],
    "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "login"}}],
}
VOLUMES = [
    {"name": "a", "configMap": {"name": "files", "items": [{"key": "app.ini", "path": "app.ini"}]}},
    {"name": "b", "secret": {"secretName": "tls", "optional": True}},
    {"name": "c", "projected": {"sources": [{"configMap": {"name": "more"}}, {"secret": {"name": "key"}}]}},
    {"name": "d", "persistentVolumeClaim": {"claimName": "disk"}},
]


def test_everything_a_template_names_is_found_with_where_and_how_badly():
    spec = {
        "initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "settings"}}]}],
        "containers": [CONTAINER],
        "volumes": VOLUMES,
        "imagePullSecrets": [{"name": "pull"}],
        "serviceAccountName": "robot",
        "priorityClassName": "high",
    }

    assert needs({"spec": spec}) == (
        Need("ConfigMap", "settings", "envFrom"),
        Need("ConfigMap", "settings", "env", "mode"),
        Need("Secret", "login", "env", "password", optional=True),
        Need("Secret", "login", "envFrom"),
        Need("ConfigMap", "files", "volume"),
        Need("ConfigMap", "files", "volume", "app.ini"),
        Need("Secret", "tls", "volume", optional=True),
        Need("ConfigMap", "more", "volume"),
        Need("Secret", "key", "volume"),
        Need("PersistentVolumeClaim", "disk", "volume"),
        Need("Secret", "pull", "imagePullSecrets", optional=True),
        Need("ServiceAccount", "robot", "serviceAccountName"),
        Need("PriorityClass", "high", "priorityClassName"),
    )


def test_a_template_that_names_nothing_needs_nothing():
    assert needs({}) == ()


def test_a_need_is_told_by_its_name_and_key():
    assert str(Need("Secret", "login", "env", "password")) == "Secret login, key password"
    assert str(Need("Secret", "login", "envFrom")) == "Secret login"
