package experts_test

import (
	"fmt"

	"moeflow/cmd/moeflow/internal/experts"
)

// Eight tokens that chose two of four experts each, one expert every time.
func Example() {
	l := experts.Of([]uint64{8, 4, 4, 0}, 2)
	fmt.Printf("%d choices, %d unused, max/mean %.1f, CV %.2f (random %.2f), entropy %.2f bits, %.0f%% of the most\n",
		l.Choices, l.Unused, l.MaxOverMean, l.CV, l.CVUniform, l.Entropy, 100*l.EntropyShare)
	// Output: 16 choices, 1 unused, max/mean 2.0, CV 0.71 (random 0.35), entropy 1.50 bits, 75% of the most
}
