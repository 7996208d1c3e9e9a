// Package stages holds the computations a transformer is made of; a stage
// describes work and never performs it (Infer, Lower: two methods).
//
// A stage's fields are the edges that it reads and the numbers of its model.
// Shapes are in GGUF order, the contiguous axis first; R is the row count of
// the step and O the count of rows whose logits are wanted.
package stages
