// Package job runs a file of prompts and loses none: it reads prompts line by
// line, gives them to a Runner and appends each result to a file as it comes.
//
// Prompts are lines of OpenAI's batch format, lines of {"id", "prompt"} or
// {"id", "messages"}, or plain text; results are lines of OpenAI's batch output. A line that cannot be
// used becomes a result with an error and stops nothing.
//
// A result is one write of one whole line, and its last field, "moeflow", tells
// the line of the prompt, a checksum of that line, and what the job was. So the
// file of results is all that a job needs to go on after it was killed at any
// moment: a torn last line is cut off, lines that have their result are not
// computed again, and prompts or options that changed are noticed. Results that
// say that the engine failed are the exception: a resumed job drops them and
// computes their lines again.
//
// Memory does not grow with the length of prompts that are done. For each line
// there are four bytes once it is resumed over, and about twenty for its
// custom_id, so that one that comes twice is noticed.
package job
