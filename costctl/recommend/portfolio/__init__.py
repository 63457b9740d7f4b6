"""What is each class for, what serves it, and what should change? All of it as one table that a team can decide on.

In: the recommendations document, the facts of the classes, today's bill, pools and settings. Out: the Portfolio
document. Nothing is judged here: what is proposed, and what it is worth, is what the recommendations say.

    defaults   a table of what such a class usually takes        `defaults`, ../portfolio_defaults.toml
    aspects    which setting is of compute, storage, scheduling   `aspects`
    today      what serves each class                             `today`
    verdicts   what becomes of a default, and why                 `verdicts`
    document   the rows, and what their steps are worth           `document`
"""
