"""An app behind a route of the Gateway API, for the embedded cluster and for a real one."""

DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: httproutes.gateway.networking.k8s.io
  annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-sigs/gateway-api"}
spec:
  group: gateway.networking.k8s.io
  scope: Namespaced
  names: {plural: httproutes, singular: httproute, kind: HTTPRoute, listKind: HTTPRouteList}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""
"""A subset of the definition, enough to serve routes; it fills in no defaults and validates nothing."""

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: bare, namespace: shop}
spec:
  parentRefs: [{name: front}]
  hostnames: [shop.example.com]
  rules:
  - name: api
    matches: [{path: {type: PathPrefix, value: /api}}]
    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {add: [{name: x-from, value: gateway}]}}]
    timeouts: {request: 5s}
    backendRefs: [{name: bare, port: 80}]
  - matches: [{path: {type: PathPrefix, value: /static}}]
    backendRefs: [{name: elsewhere, port: 80}]
  - backendRefs: [{name: bare, port: 80, weight: 1}]
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: shop}
spec: {selector: {app: elsewhere}, ports: [{port: 80}]}
"""
"""A route with rules that lead to the app `bare`, and one that does not."""
