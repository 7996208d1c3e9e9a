// Package experts tells from counts how evenly a model's experts are used, and
// writes that as JSON and as a picture.
//
// The measures of a layer are taken over its experts: max/mean and the
// coefficient of variation of how often each was chosen, and the entropy of
// their shares. The coefficient of variation has a yardstick beside it: what
// choosing at random, all experts alike, would give for as many tokens.
package experts
