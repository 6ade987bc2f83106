"""Static files with hashed names, the paths inside ES modules' `import` lines included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """A changed file has a new name, so browsers may keep each one for ever."""

    support_js_module_import_aggregation = True
