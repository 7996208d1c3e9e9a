package sample

import (
	"fmt"
	"math"
)

// LogProbs gives the natural logarithm of the probability of each of ids under
// softmax(logits), without any filter or temperature. It reports the errors of
// a row that Pick reports, and ids outside the row.
func LogProbs(logits []float32, ids []int32) ([]float64, error) {
	best, err := largest(logits)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - float64(best.logit))
	}
	norm := float64(best.logit) + math.Log(sum)
	out := make([]float64, len(ids))
	for i, id := range ids {
		if id < 0 || int(id) >= len(logits) {
			return nil, fmt.Errorf("token %d is outside the vocabulary of %d", id, len(logits))
		}
		out[i] = float64(logits[id]) - norm
	}
	return out, nil
}
