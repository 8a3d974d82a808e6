namespace QMoi.Handlers.Forges;

/// <summary>What a webhook belongs to: one repository, or a group (GitHub: organisation) with all below it.</summary>
public sealed record HookOwner(ForgeKind Forge, bool IsGroup, long Id);
