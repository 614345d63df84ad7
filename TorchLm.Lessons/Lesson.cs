using TorchLm.Lessons.Pages;

namespace TorchLm.Lessons;

/// <summary>One lesson: a short program that explains what it computes, and checks its numbers against something independent.</summary>
public abstract class Lesson
{
    /// <summary>What it is called on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it teaches, in one line.</summary>
    public abstract string Title { get; }

    /// <summary>Steps or epochs that it trains for by itself; null where there is nothing to choose.</summary>
    public virtual int? Steps => null;

    /// <summary>The seed of its random numbers; null where it draws none.</summary>
    public virtual long? Seed => null;

    /// <summary>Runs it on a page. The caller wraps it in a dispose scope, so that a lesson's tensors need no owner of their own.</summary>
    public abstract void Run(LessonPage page);
}
