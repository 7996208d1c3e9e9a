// Package sample decides how a token is picked from a row of logits.
//
// The filters run in this order, each on what the one before left:
//
//  1. mask: the logit of every token that is not allowed becomes -Inf;
//  2. bias: a token's bias is added to its logit (OpenAI's logit_bias);
//  3. repeat penalty: the logit of every token among the last RepeatLastN of
//     prompt and answer is divided by the penalty if positive, multiplied if
//     not (Keskar et al., CTRL, 2019);
//  4. frequency and presence penalty: count·frequency + presence is subtracted
//     from the logit of every token that the answer has count > 0 times (the
//     formula of OpenAI's API documentation);
//  5. top_k: the k largest logits;
//  6. top_p: the smallest set of the likeliest tokens whose probability is at
//     least p (Holtzman et al., The Curious Case of Neural Text Degeneration,
//     2020);
//  7. min_p: tokens at least min_p times as likely as the likeliest (Nguyen et
//     al., Turning Up the Heat, 2024);
//  8. temperature: logits are divided by it;
//  9. the draw.
//
// That is llama.cpp's order. vLLM and Hugging Face apply the temperature before
// top_p, so that a high one keeps more tokens. The window of the repeat penalty
// is llama.cpp's too (vLLM takes all of prompt and answer); that the other two
// penalties count the whole answer and nothing of the prompt is as in vLLM.
// With temperature 0 filters 5 to 9 are one: the largest logit is picked.
//
// Log probabilities ([LogProbs], [Likeliest]) are those of the logits as the
// model gave them, before all of this.
//
// Tokens are ordered by logit, largest first, and among equal logits by id,
// lowest first. Every filter keeps a prefix of that order, so none needs a
// sort: a filter is one threshold, found by selection in linear time. The
// probabilities of filters 6 and 7 are those before the temperature.
//
// A draw is a number of a counter-based generator (see [Uniform]): draw n of a
// seed depends on nothing else, so neither a sequence's neighbours in a batch
// nor the number of steps that made its prompt change its text.
package sample
