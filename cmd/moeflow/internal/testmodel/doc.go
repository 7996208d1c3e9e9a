// Package testmodel makes models for the tests of the packages that run one:
// small files of random weights, and the shipped model with its golden arrays.
// Only tests import it.
package testmodel
