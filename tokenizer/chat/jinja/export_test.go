package jinja

// Function is a function that a template may call, for tests.
func Function(do func()) any {
	return function(func(*frame, args) any { do(); return "" })
}
