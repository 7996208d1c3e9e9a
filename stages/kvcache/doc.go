// Package kvcache knows which sequence owns which positions of the kv cache.
//
// The cache is a pool of pages of a fixed number of positions. A sequence owns
// a list of pages, its table: position p lies in page table[p/PageSize] at slot
// p%PageSize. The package only keeps the books; the keys and values themselves
// lie on the device, and it never asks for them to be moved or copied.
//
// Sequences with a common beginning share pages by reference count: a sequence
// of another ([Pool.Fork]), a prompt of all prompts that were computed or are being
// computed ([Pool.Share]); pages of finished ones are kept until they are needed.
// Only full pages are shared, and a shared page is never written: where that
// would be needed, a sequence gives the page up and computes its positions
// again in one of its own.
package kvcache
