// Package enginetest opens engines for the tests of the packages that use one:
// on the Vulkan device under validation where cgo is there, else, or where a test
// asks for it, on the reference in plain Go. Only tests import it.
package enginetest
