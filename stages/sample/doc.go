// Package sample decides how a token is picked from a row of logits.
//
// The filters run in this order, each on what the one before left:
//
//  1. repeat penalty: the logit of every token among the last RepeatLastN of
//     the history is divided by the penalty if positive, multiplied if not
//     (Keskar et al., CTRL, 2019, as llama.cpp applies it);
//  2. top_k: the k largest logits;
//  3. top_p: the smallest set of the likeliest tokens whose probability is at
//     least p (Holtzman et al., The Curious Case of Neural Text Degeneration,
//     2020);
//  4. min_p: tokens at least min_p times as likely as the likeliest;
//  5. temperature: logits are divided by it;
//  6. the draw.
//
// Tokens are ordered by logit, largest first, and among equal logits by id,
// lowest first. Every filter keeps a prefix of that order, so none needs a
// sort: a filter is one threshold, found by selection in linear time. The
// probabilities of filters 3 and 4 are those before the temperature.
//
// A draw is a number of a counter-based generator (see [Uniform]): draw n of a
// seed depends on nothing else, so neither a sequence's neighbours in a batch
// nor the number of steps that made its prompt change its text.
package sample
