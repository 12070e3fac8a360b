"""Lifecycle: plan machine-learning products from discovery to a production that never ends.

vocabulary, errors, settings   the words everybody shares
guide                          the questions, checks and sign-off policy, read from data/guide
rules                          decisions as pure functions over plain values
store, events                  tables, transactions, the append-only hash-chained log
facts                          rows into the plain values the rules take; standing kept up to date
actions / queries              writes / reads, the same nouns in both
interchange                    files in and out
notify, jobs                   messages on their way out; what runs by itself
web, cli, ui                   the edges: one server, one command line, the screens
"""
