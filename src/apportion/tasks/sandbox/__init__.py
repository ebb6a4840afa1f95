"""The sandbox: where model-written code runs, and what decides whether its tests passed.

Three processes, each forked from one warm interpreter that has loaded nothing but the standard library (and NumPy
where it is installed): the *candidate* runs the program and never sees a test; the *tester* runs the tests and
calls the candidate's functions over a pipe, as plain values; the *zygote* forks both, watches them and kills them.
"""
