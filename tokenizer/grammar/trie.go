package grammar

import (
	"slices"
	"strings"
)

// trie holds tokens by their bytes. Node 0 is the root; the children of a node
// lie side by side, in rising order of their bytes.
type trie struct {
	nodes  []trieNode
	tokens []int32 // of all nodes, one after the other
}

type trieNode struct {
	first  int32 // of the children
	count  int32 // of the children
	token  int32 // the first of the node's tokens, an index into tokens
	tokens int32 // how many end here: several may spell the same text
	byte   byte
}

// ends are the tokens that end at a node.
func (t *trie) ends(n *trieNode) []int32 { return t.tokens[n.token : n.token+n.tokens] }

// spelled is a token with its bytes.
type spelled struct {
	text string
	id   int32
}

// newTrie builds a trie, breadth first.
func newTrie(tokens []spelled) *trie {
	slices.SortFunc(tokens, func(a, b spelled) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return int(a.id - b.id)
	})
	type job struct {
		node, from, to, depth int32
	}
	t := &trie{nodes: make([]trieNode, 1, 2*len(tokens)+1), tokens: make([]int32, 0, len(tokens))}
	jobs := []job{{0, 0, int32(len(tokens)), 0}}
	for at := 0; at < len(jobs); at++ {
		j := jobs[at]
		t.nodes[j.node].token = int32(len(t.tokens))
		for ; j.from < j.to && len(tokens[j.from].text) == int(j.depth); j.from++ {
			t.tokens = append(t.tokens, tokens[j.from].id)
		}
		n := &t.nodes[j.node]
		n.tokens = int32(len(t.tokens)) - n.token
		n.first = int32(len(t.nodes))
		first := n.first
		for j.from < j.to {
			b, to := tokens[j.from].text[j.depth], j.from+1
			for to < j.to && tokens[to].text[j.depth] == b {
				to++
			}
			jobs = append(jobs, job{int32(len(t.nodes)), j.from, to, j.depth + 1})
			t.nodes = append(t.nodes, trieNode{byte: b})
			j.from = to
		}
		t.nodes[j.node].count = int32(len(t.nodes)) - first
	}
	return t
}

// subtrie is what lies below a node of a trie.
type subtrie struct {
	t    *trie
	node int32
}

func (s subtrie) at() *trieNode { return &s.t.nodes[s.node] }

// gather makes few tries of what lies below several nodes. Large ones stay as they
// are: a walk goes through little of them, a copy through all.
func gather(subs []subtrie) []subtrie {
	var large, small []subtrie
	for _, s := range subs {
		if s.at().count > maxMerged {
			large = append(large, s)
		} else {
			small = append(small, s)
		}
	}
	if len(small) > 1 {
		return append(large, merge(small))
	}
	return append(large, small...)
}

// maxMerged is the most children of a node that is merged with others.
const maxMerged = 48

// merge is one trie of what lies below several nodes, without the tokens that end
// at these.
func merge(subs []subtrie) subtrie {
	t := &trie{nodes: make([]trieNode, 1, 64)}
	jobs := [][]subtrie{subs}
	for at := 0; at < len(jobs); at++ {
		n := trieNode{byte: t.nodes[at].byte, first: int32(len(t.nodes)), token: int32(len(t.tokens))}
		var children []subtrie
		for _, s := range jobs[at] {
			from := s.at()
			if at > 0 {
				t.tokens = append(t.tokens, s.t.ends(from)...)
			}
			for c := range from.count {
				children = append(children, subtrie{s.t, from.first + c})
			}
		}
		n.tokens = int32(len(t.tokens)) - n.token
		slices.SortStableFunc(children, func(a, b subtrie) int { return int(a.at().byte) - int(b.at().byte) })
		for len(children) > 0 {
			b, end := children[0].at().byte, 1
			for end < len(children) && children[end].at().byte == b {
				end++
			}
			t.nodes = append(t.nodes, trieNode{byte: b})
			jobs = append(jobs, children[:end:end])
			children = children[end:]
			n.count++
		}
		t.nodes[at], jobs[at] = n, nil
	}
	return subtrie{t, 0}
}
