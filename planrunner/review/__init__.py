"""Plan in, sentences out: what a plan will do, told so that it can be read aloud in a review.

Pure like what it tells: values in, values out. Whoever prints decides about width and colour.
"""
