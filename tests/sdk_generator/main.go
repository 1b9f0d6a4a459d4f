// Generates the SDK of a Pulumi package as `pulumi package add` does, without the language's plugin of the CLI.
//
// go run . LANGUAGE SCHEMA FOLDER, with go or nodejs as the language.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go run . go|nodejs SCHEMA FOLDER")
		os.Exit(2)
	}
	if err := generate(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(language, schemaFile, folder string) error {
	bound, err := read(schemaFile)
	if err != nil {
		return err
	}
	files, err := render(language, bound)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func read(file string) (*schema.Package, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	// The loader has no plugins and needs none: the schema refers to no other package.
	bound, problems, err := schema.BindSpec(spec, schema.NewPluginLoader(nil), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	// As for every local SDK (cmd/pulumi/packages): in Go it decides the import path, and adds a go.mod.
	bound.SupportPack = true
	return bound, nil
}

func render(language string, bound *schema.Package) (map[string][]byte, error) {
	const tool = "pulumi"
	switch language {
	case "go":
		return golang.GeneratePackage(tool, bound, nil)
	case "nodejs":
		const localSDK = true
		return nodejs.GeneratePackage(tool, bound, nil, nil, localSDK, nil)
	default:
		return nil, fmt.Errorf("%q is neither go nor nodejs", language)
	}
}
