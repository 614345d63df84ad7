using TorchLm.Core;

namespace TorchLm.Lessons;

/// <summary>The lessons, in the order in which they are told.</summary>
public static class LessonCatalog
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Lesson> All { get; } =
    [
        new NeuronLesson(), new ChainRuleLesson(), new LossesLesson(), new ActivationsLesson(), new ExamLesson(), new PerceptronLesson(),
            new XorLesson(), new OptimizersLesson(), new NextTokenLesson(), new QuadrantsLesson(), new TokensLesson(), new RnnLesson(),
            new AttentionLesson(), new TinyTransformerLesson(), new GptLesson(),
    ];

    /// <summary>The lesson of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static Lesson Find(string name) =>
        All.FirstOrDefault(l => l.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException($"There is no lesson '{name}', only {string.Join(", ", All.Select(l => l.Name))}.{Nearest.Question(name, All.Select(l => l.Name))}");

    /// <summary>Its place in the order, from 1.</summary>
    public static int NumberOf(Lesson lesson) => 1 + All.TakeWhile(l => l.Name != lesson.Name).Count();

    /// <summary>The one that follows; null after the last.</summary>
    public static Lesson? After(Lesson lesson) => All.ElementAtOrDefault(NumberOf(lesson));
}
