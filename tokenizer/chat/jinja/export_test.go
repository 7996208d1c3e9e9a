package jinja

import (
	"context"
	"maps"
	"slices"
)

// Function is a function that a template may call, for tests.
func Function(do func()) any {
	return function(func(*frame, args) any { do(); return "" })
}

// Names of what works on values, for tests that go through all of them.
func Names() (filterNames, testNames, textMethods, listMethodNames, dictMethodNames []string) {
	return slices.Sorted(maps.Keys(filters)), slices.Sorted(maps.Keys(tests)), slices.Sorted(maps.Keys(stringMethods)),
		slices.Sorted(maps.Keys(listMethods)), slices.Sorted(maps.Keys(dictMethods))
}

// Cost is the steps and the bytes of memory that a rendering is counted.
func Cost(source string, values map[string]any) (steps, memory int, err error) {
	defer rescue(&err)
	t, err := Parse(source)
	if err != nil {
		return 0, 0, err
	}
	f, err := t.frame(context.Background(), values, Options{})
	if err != nil {
		return 0, 0, err
	}
	f.body(t.body)
	return f.allSteps - f.steps, f.allMemory - f.memory, nil
}
