"""One file, one tool: what a person can ask for. `ALL` lists them in the order of the documentation."""

from dot_ai_lifecycle.core.operation import Operation
from dot_ai_lifecycle.operations.check_app import CheckApp
from dot_ai_lifecycle.operations.configure_app import ConfigureApp
from dot_ai_lifecycle.operations.get_operation import GetOperation
from dot_ai_lifecycle.operations.inspect_app import InspectApp
from dot_ai_lifecycle.operations.list_apps import ListApps
from dot_ai_lifecycle.operations.list_operations import ListOperations
from dot_ai_lifecycle.operations.promote_operation import PromoteOperation
from dot_ai_lifecycle.operations.restart_app import RestartApp
from dot_ai_lifecycle.operations.resume_operation import ResumeOperation
from dot_ai_lifecycle.operations.rollback_app import RollbackApp
from dot_ai_lifecycle.operations.scale_app import ScaleApp
from dot_ai_lifecycle.operations.update_app import UpdateApp

ALL: tuple[type[Operation], ...] = (
    ListApps,
    InspectApp,
    CheckApp,
    UpdateApp,
    RollbackApp,
    ScaleApp,
    RestartApp,
    ConfigureApp,
    GetOperation,
    ListOperations,
    PromoteOperation,
    ResumeOperation,
)
