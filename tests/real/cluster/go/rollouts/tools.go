//go:build tools

// Package rollouts pins the Argo Rollouts controller that the tests on a real cluster build and run.
package rollouts

import _ "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"
