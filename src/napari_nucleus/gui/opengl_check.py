"""Opens an OpenGL context the way napari does and prints, as JSON, what it got; run in a process of its own."""

from __future__ import annotations

import json


def main() -> None:
    """Print the Qt binding, OpenGL's version and its renderer."""
    import qtpy
    import vispy.app
    from qtpy.QtWidgets import QApplication
    from vispy.gloo import gl

    application = QApplication([])
    vispy.app.use_app(qtpy.API_NAME)
    canvas = vispy.app.Canvas(show=False)
    got = {
        "qt": f"{qtpy.API_NAME} {qtpy.QT_VERSION}",
        "opengl": str(gl.glGetParameter(gl.GL_VERSION)),
        "renderer": str(gl.glGetParameter(gl.GL_RENDERER)),
    }
    canvas.close()
    application.quit()
    print(json.dumps(got))


if __name__ == "__main__":
    main()
