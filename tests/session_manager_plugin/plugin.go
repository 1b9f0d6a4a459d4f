//go:build tools

// Package tools names AWS's client of Session Manager, so that `go mod tidy` keeps its requirements.
package tools

import (
	_ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main"
)
