// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/look_tree.h"

/* MODEL's own words: it is made of the same */
static const char *no_model(const struct check_input *input)
{
	const struct view *view;

	for (size_t i = 0; i < input->nr_views; i++) {
		view = &input->views[i];
		if (view->party == PARTY_MODEL)
			return view->unread ? view->unread :
			       view->none   ? view->none :
					      "the VMM tells of slots alone";
	}
	return "it was not asked for";
}

const char *look_tree(const struct looked *looked, struct model_tree *out)
{
	const struct given *given = looked->given;

	*out = (struct model_tree){};
	if (looked->checker && looked->checker->told.have) {
		*out = model_tree_told(&looked->checker->told);
		return NULL;
	}
	if (given && (given->mtree.flat || given->mtree.tree.nr_nodes)) {
		*out = text_model_tree(&given->mtree);
		return NULL;
	}
	if (looked->checker)
		return no_model(looked->comparison->input);
	return given ? "no file tells of it" :
		       "what has events alone does not tell";
}
